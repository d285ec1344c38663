-- Customers, orders and what was in them.
CREATE TABLE customer (
    id INTEGER PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE customer_order (
    number INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customer (id),
    total_cents INTEGER NOT NULL CHECK (total_cents >= 0),
    state TEXT NOT NULL
);

-- Orders that were paid but have not left the warehouse for two days.
CREATE VIEW late_order AS
SELECT number, customer_id FROM customer_order
WHERE state = 'paid' AND paid_at < CURRENT_TIMESTAMP - INTERVAL '2 days';

-- Keep the time of every change of a price.
CREATE FUNCTION note_price_change() RETURNS trigger AS $$
BEGIN
    INSERT INTO price_history (sku, old_cents, new_cents) VALUES (OLD.sku, OLD.cents, NEW.cents);
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;
