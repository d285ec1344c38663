#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace larder {

/// An EAN-13 number as the scanner reads it.
class Barcode {
public:
    /// Read thirteen digits; nothing if the last one, the check digit, is wrong.
    static std::optional<Barcode> parse(std::string_view digits) {
        if (digits.size() != 13 || check_digit(digits.substr(0, 12)) != digits[12] - '0') {
            return std::nullopt;
        }
        return Barcode(std::string(digits));
    }

    /// The weight in grams that the scale printed into the number, or nothing for goods sold by the piece.
    std::optional<int> embedded_weight() const {
        if (digits_.substr(0, 2) != "28") {
            return std::nullopt;
        }
        return std::stoi(digits_.substr(7, 5));
    }

    bool operator==(const Barcode& other) const { return digits_ == other.digits_; }

private:
    explicit Barcode(std::string digits) : digits_(std::move(digits)) {}

    /// Every second digit counts three times; the check digit fills the sum up to a ten.
    static int check_digit(std::string_view twelve) {
        int sum = 0;
        for (std::size_t i = 0; i < twelve.size(); ++i) {
            sum += (twelve[i] - '0') * (i % 2 ? 3 : 1);
        }
        return (10 - sum % 10) % 10;
    }

    std::string digits_;
};

template <typename T, std::size_t N>
class RingBuffer {
public:
    /// Overwrites the oldest value when it is full.
    void push(const T& value) {
        values_[next_++ % N] = value;
    }

    std::size_t size() const { return next_ < N ? next_ : N; }

private:
    std::array<T, N> values_{};
    std::size_t next_ = 0;
};

}  // namespace larder
