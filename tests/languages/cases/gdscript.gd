class_name Player
extends Node
signal hit(damage)
const LIMIT = 5
@export var speed := 3.0
## Moves it.
func move(
	x: int,
) -> void:
	if x:
		pass

static func make(): return 1
class Inner:
	func run():
		pass
