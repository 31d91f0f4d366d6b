-- One row per employee who takes orders.
SELECT employeeID AS manager_id, firstName || ' ' || lastName AS name
FROM employees
