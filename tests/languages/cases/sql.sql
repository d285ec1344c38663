-- Users.
CREATE TABLE IF NOT EXISTS app.users (id int primary key, name text);

/* Those who came back. */
CREATE OR REPLACE VIEW active AS
SELECT * FROM users;
CREATE MATERIALIZED VIEW mv AS SELECT 1;

-- Adds two numbers.
CREATE OR REPLACE FUNCTION app.add(a int, b int) RETURNS int AS $$
BEGIN
  CREATE TABLE inner_table (x int);
  RETURN a + b; -- not the end;
END;
$$ LANGUAGE plpgsql;

-- CREATE TABLE commented_out (x int);
INSERT INTO notes VALUES ('
CREATE me not; it''s text');
CREATE TRIGGER trg BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION app.add();
CREATE TYPE color AS ENUM ('a', 'b');
CREATE TABLE "Quoted Name" (x int);
create procedure app.tidy() language sql begin atomic delete from users; delete from notes; end;
