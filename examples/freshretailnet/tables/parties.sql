-- The stores are the retailer's own; the data name nobody else.
SELECT 'retailer' AS party_id, 'own company' AS kind, 'Retailer' AS name
