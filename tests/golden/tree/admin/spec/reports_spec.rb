require_relative "../reports"

RSpec.describe Admin::SalesReport do
  it "leaves cancelled orders out of the turnover" do
    expect(described_class.new([]).turnover_by_month).to eq({})
  end

  it "sorts best sellers by count" do
    expect(described_class.new([]).best_sellers).to eq([])
  end
end
