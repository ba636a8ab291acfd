// Unpacks the browser in this package, with the libraries it needs, below the folder that TMPDIR names.
import chromium from "@sparticuz/chromium";

await chromium.executablePath();
