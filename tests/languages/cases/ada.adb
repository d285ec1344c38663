with Ada.Text_IO;
package body Shapes is
   Limit : constant := 5;
   type Point is record
      X : Integer;
   end record;
   type Colour is (Red, Green);
   procedure Draw (P : Point);
   --  Draws a point.
   procedure Draw (P : Point) is
      procedure Inner is
      begin
         null;
      end Inner;
   begin
      if True then
         Inner;
      end if;
   end Draw;
   function Area (P : Point) return Integer is (P.X);
   protected Gate is
      entry Wait;
   end Gate;
   overriding function "+" (A, B : Point) return Point is
   begin
      return A;
   end "+";
end Shapes;
