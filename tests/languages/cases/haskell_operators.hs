module M where
class C a where
  (===) :: a -> a -> Bool
  x === y = not (x /= y)
pattern Q :: Int
pattern P a = Just a
pattern R {a, b} <- (a, b)
f `op` g = f
(.:) f g = f
(x <> y) z = 1
data a :+: b = L a | R b
newtype (f :.: g) a = Comp a
type a + b = Either a b
instance (Show a) => Show (Foo a) where show _ = ""
deriving instance Eq Foo
!x = 1
