package larder.warehouse;

/** A place in the warehouse, written `A07-12`: aisle and bay. */
public record Shelf(int aisle, int bay) {
    /** Reads the label of a shelf. */
    public static Shelf parse(String label) {
        String[] parts = label.substring(1).split("-");
        if (label.charAt(0) != 'A' || parts.length != 2) {
            throw new IllegalArgumentException("not the label of a shelf: " + label + " (expected something like A07-12)");
        }
        return new Shelf(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
    }

    /** How many steps apart two shelves are. */
    public int distance(Shelf other) {
        return aisle == other.aisle ? Math.abs(bay - other.bay) : bay + other.bay + 10 * Math.abs(aisle - other.aisle);
    }
}
