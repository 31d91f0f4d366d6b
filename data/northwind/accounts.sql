-- One row per customer. Its manager is the employee who took its latest order.
SELECT
  c.customerID                                      AS account_id,
  c.companyName                                     AS name,
  c.country                                         AS region,
  c.country                                         AS country,
  (SELECT arg_max(o.employeeID, o.orderDate || o.orderID)
     FROM orders o WHERE o.customerID = c.customerID) AS manager_id
FROM customers c
