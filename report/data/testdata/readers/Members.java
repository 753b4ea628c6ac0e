import java.io.FileInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/** Prints the name, the size and the CRC-32 of each member of a zip read from front to back. */
class Members {
	public static void main(String[] args) throws Exception {
		try (ZipInputStream zip = new ZipInputStream(new FileInputStream(args[0]))) {
			for (ZipEntry e; (e = zip.getNextEntry()) != null;) {
				long size = zip.readAllBytes().length; // compares the checksum
				System.out.printf("%s %d %08x%n", e.getName(), size, e.getCrc());
			}
		}
	}
}
