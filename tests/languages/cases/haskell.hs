{-# LANGUAGE GADTs #-}
-- | Module doc.
module Data.Cache (find, Cache(..)) where

import qualified Data.Map as M

-- | A cache
-- of things.
data Cache k v = Cache { size :: Int -- ^ the size
                       , store :: M.Map k v }
  | Empty deriving (Show)

newtype Id = Id { unId :: Int }
{- | Type syn. -}
type Handler = Int -> IO ()

-- | Finds.
find :: Ord k
     => k -> Cache k v -> Maybe v
find k (Cache _ m) = M.lookup k m
  where helper = 1
find _ Empty = Nothing

-- | Op.
(<+>) :: Int -> Int -> Int
a <+> b = a + b
infixl 6 <+>

x, y :: Int
x = 1
y = 2
noSig a = a
(p, q) = (1, 2)

class Shape a where
  -- | Area
  area :: a -> Double
  name, label :: a -> String
  name _ = "s"
  {-# MINIMAL area #-}

instance Shape (Cache k v) where
  area Empty = 0
  area (Cache n _) = fromIntegral n
  label = show

instance Show Id where
  show = show . unId
data Expr a where
  Lit :: Int -> Expr Int
  Add :: Expr Int -> Expr Int -> Expr Int
type family F a where
  F Int = Bool
foreign import ccall "math.h sin" c_sin :: Double -> Double
pattern P a = Just a
main :: IO ()
main = do
  print 1
