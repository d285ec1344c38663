unit shapes;
interface
const
  LIMIT = 5;
type
  { A shape. }
  TShape = class(TObject)
  private
    FSize: Integer;
  public
    // Draws it.
    procedure Draw(X: Integer); virtual;
    property Size: Integer read FSize;
  end;
  TPoint = record
    X: Integer;
  end;
function Area(S: TShape): Integer;
implementation
procedure TShape.Draw(X: Integer);
var
  I: Integer;
begin
  if X > 0 then
  begin
    WriteLn('end');
  end;
end;
// The area.
function Area(S: TShape): Integer;
begin
  Result := 1;
end;
end.
