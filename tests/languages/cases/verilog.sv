`define WIDTH 8
`define MAX(a, b) ((a) > (b) ? (a) : (b))
package types_pkg;
  typedef enum logic [1:0] { IDLE, BUSY } state_e;
endpackage : types_pkg
// Counts.
module counter #(parameter int LIMIT = 5) (input logic clk);
  localparam int HALF = 2;
  // The next number.
  function automatic logic [7:0] next_of(input logic [7:0] x);
    return x + 1; // endmodule
  endfunction
  task run;
  endtask
endmodule
class driver extends base;
  extern virtual function void send(int x);
  pure virtual task wait_for();
  function new(string name);
  endfunction : new
endclass
function void driver::send(int x);
endfunction
