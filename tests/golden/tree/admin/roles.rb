module Admin
  class Forbidden < StandardError; end

  # Who may do what in the back office.
  class Roles
    RIGHTS = {
      "clerk" => %i[view_orders],
      "manager" => %i[view_orders refund edit_products],
      "owner" => %i[view_orders refund edit_products manage_users]
    }.freeze

    def self.allowed?(role, action)
      RIGHTS.fetch(role, []).include?(action)
    end

    # Raises Forbidden unless the user's role has the right.
    def self.authorize!(user, action)
      return if allowed?(user.role, action)

      raise Forbidden, "#{user.name} is a #{user.role} and may not #{action.to_s.tr('_', ' ')}"
    end
  end
end
