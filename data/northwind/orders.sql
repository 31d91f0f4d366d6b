-- One row per order line. The price is what was paid: unit price less the line's discount.
SELECT
  o.orderID                                              AS order_id,
  o.customerID                                           AS account_id,
  o.orderDate                                            AS order_date,
  CAST(d.unitPrice AS DECIMAL(12, 4)) * CAST(d.quantity AS INTEGER)
    * (1 - CAST(d.discount AS DECIMAL(6, 4)))            AS revenue,
  d.orderID || '-' || d.productID                        AS line_id,
  d.quantity                                             AS quantity,
  d.productID                                            AS product_id,
  p.productName                                          AS product,
  c.categoryName                                         AS category,
  o.shipCountry                                          AS region,
  o.employeeID                                           AS manager_id,
  o.requiredDate                                         AS promised_date,
  CASE WHEN o.shippedDate <> 'NULL' THEN o.shippedDate END AS delivered_date
FROM order_details d
JOIN orders o ON o.orderID = d.orderID
LEFT JOIN products p ON p.productID = d.productID
LEFT JOIN categories c ON c.categoryID = p.categoryID
