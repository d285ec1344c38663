library ieee;
-- Counts.
entity counter is
  port (clk : in bit);
end entity counter;

architecture rtl of counter is
  constant limit : natural := 5;
  type state_t is (idle, busy);
  type point_t is record
    x : bit;
  end record;
  function next_of(x : natural) return natural;
  -- The next number.
  function next_of(x : natural) return natural is
  begin
    return x + 1;
  end function;
begin
  count : process (clk)
  begin
    if clk = '1' then
    end if;
  end process;
end architecture rtl;
