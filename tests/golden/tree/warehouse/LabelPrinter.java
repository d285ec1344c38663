package larder.warehouse;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Prints parcel labels on a printer that understands ZPL. */
public class LabelPrinter implements AutoCloseable {
    private final OutputStream out;
    private int printed;

    public LabelPrinter(OutputStream out) {
        this.out = out;
    }

    /** Prints one address. */
    public void print(String address) throws IOException {
        print(address, 1);
    }

    /** Prints an address several times. */
    public void print(String address, int copies) throws IOException {
        print(address, copies, false);
    }

    /** Prints an address, with a stripe for parcels that must be kept cool. */
    public void print(String address, int copies, boolean cool) throws IOException {
        String zpl = "^XA^FO40,40^A0N,40^FD" + escape(address) + "^FS" + (cool ? "^FO0,0^GB800,20,20^FS" : "") + "^PQ" + copies + "^XZ";
        out.write(zpl.getBytes(StandardCharsets.UTF_8));
        printed += copies;
    }

    /** Replaces the characters that begin a ZPL command. */
    static String escape(String text) {
        return text.replace('^', ' ').replace('~', '-');
    }

    /** Number of labels printed since the start. */
    public int printed() {
        return printed;
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}
