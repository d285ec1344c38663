// Copyright (c) 2026 Somebody

#include <vector>

namespace shop::cart {

/// An item.
template <typename T>
class API_EXPORT Item : public Base<T> {
 public:
  explicit Item(int count) : count_(count) {}
  ~Item();
  // Compares.
  bool operator==(const Item& other) const;
  operator bool() const { return true; }
  virtual void price() = 0;
  int lock() LOCKS_EXCLUDED(mu_) { return 1; }
  struct Part { int n; };
 private:
  int count_;
};

template <typename T>
Item<T>::~Item() {}

template <typename T>
bool Item<T>::operator==(const Item& other) const { return true; }

std::vector<int>& sorted(std::vector<int>& v);

static auto compare = [](int a, int b) { return a < b; };

using Items = std::vector<Item<int>>;
enum class Color : char { Red };
typedef unsigned long size;
template <typename T> concept Small = sizeof(T) < 8;

}  // namespace shop::cart

[[nodiscard]] int shop::cart::total(const Items& items) {
  Item item(1);
  return 0;
}

#define SQUARE(x) ((x) * (x))

extern "C" {
void plain(void) {}
}

TEST(Cart, Totals) {}
