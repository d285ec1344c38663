# frozen_string_literal: true

# Parses requests.

require 'set'

# The app.
module Rack
  # A request.
  class Request < Base
    Error = Class.new(StandardError) do
      def code; 1; end
    end

    # Reads a parameter.
    def [](key)
      params[key]
    end

    def self.build(env, *args, &block) = new(env)

    class << self
      def shared; end
    end

    define_method(:path) { |x| x }

    private def secret
      handler = ->(x) { x }
    end

    def name=(value)
      @name = value
    end
  end

  class Utils::Escape
  end
end

def helper(a:, b: 2)
end

describe Rack::Request do
  it "parses" do
  end
end

task :clean do
end
