require "csv"

module Admin
  # Figures for the people who run the shop.
  class SalesReport
    def initialize(orders)
      @orders = orders
    end

    # Turnover of each month in cents, cancelled orders left out.
    def turnover_by_month
      @orders.reject(&:cancelled?).group_by { |order| order.placed_at.strftime("%Y-%m") }
             .transform_values { |orders| orders.sum(&:total_cents) }
    end

    # The products that were sold most often.
    def best_sellers(limit = 10)
      counts = Hash.new(0)
      @orders.each { |order| order.lines.each { |sku, count| counts[sku] += count } }
      counts.sort_by { |sku, count| [-count, sku] }.first(limit)
    end

    # Writes the report for a spreadsheet.
    def to_csv
      CSV.generate do |csv|
        csv << %w[month turnover]
        turnover_by_month.each { |month, cents| csv << [month, format("%.2f", cents / 100.0)] }
      end
    end
  end
end
