-- One row per product, store and day. Units are normalised amounts; nothing says how much was on hand or received.
SELECT
  product_id::VARCHAR                       AS sku_id,
  store_id::VARCHAR                         AS node_id,
  dt                                        AS day,
  list_sum(hours_sale)                      AS sold_units,
  hours_sale                                AS sold_by_hour,
  hours_stock_status                        AS empty_by_hour,   -- 1 = out of stock
  CASE WHEN discount > 0 THEN greatest(1 - discount, 0) END AS discount_share,  -- published as price paid over usual price
  activity_flag = 1                         AS is_promoted,
  holiday_flag = 1                          AS is_holiday
FROM read_parquet('{data}/freshretailnet_*.parquet')
