using System;
using System.Collections.Generic;

namespace Larder.Billing
{
    /// <summary>Chooses who is reminded of a bill that is not paid.</summary>
    public static class Reminders
    {
        /// <summary>Yields the invoices that are overdue and were not reminded of in the last week.</summary>
        public static IEnumerable<Invoice> Overdue(IEnumerable<Invoice> open, DateOnly today, IDictionary<int, DateOnly> reminded)
        {
            foreach (var invoice in open)
            {
                bool recently = reminded.TryGetValue(invoice.Number, out var last) && last > today.AddDays(-7);
                if (invoice.DueDate() < today && !recently)
                {
                    yield return invoice;
                }
            }
        }

        /// <summary>The fee for a reminder: the first is free.</summary>
        public static decimal Fee(int reminder) => reminder <= 1 ? 0m : 5m * (reminder - 1);
    }
}
