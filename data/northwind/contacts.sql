-- One row per customer: the contact person that the order system knows.
SELECT customerID AS account_id, contactName AS name, contactTitle AS title
FROM customers
