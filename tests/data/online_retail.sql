-- Online Retail as orders, cleaned as published: what is left out says why.
SELECT InvoiceNo AS order_id, replace(CustomerID, '.0', '') AS account_id, InvoiceDate AS order_date,
       CAST(Quantity AS INTEGER) * CAST(UnitPrice AS DECIMAL(18, 4)) AS revenue, Quantity AS quantity,
       StockCode AS product_id, Description AS product, Country AS region,
       CASE WHEN InvoiceNo LIKE 'C%' THEN 'cancellation'
            WHEN CustomerID IS NULL THEN 'no customer id'
            WHEN CAST(Quantity AS INTEGER) <= 0 THEN 'quantity not above 0'
            WHEN CAST(UnitPrice AS DECIMAL(18, 4)) <= 0 THEN 'price not above 0' END AS set_aside
FROM lines
