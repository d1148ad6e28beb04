/** A page takes about this much of a usual file, for a PDF whose page list is compressed. */
const BYTES_PER_PAGE = 50_000
/** The fewest bytes that any page takes: a file cannot claim more pages than it has room for. */
const LEAST_BYTES = 50

/** How many pages a PDF has, by its page objects if they are readable, else by its size. */
export function pdfPages(base64: string): number {
  const bytes = Buffer.from(base64, 'base64')
  const room = Math.max(1, Math.floor(bytes.length / LEAST_BYTES))
  const found = pageObjects(bytes)
  return Math.min(room, found > 0 ? found : Math.ceil(bytes.length / BYTES_PER_PAGE))
}

/** Counts `/Type /Page`, but not `/Type /Pages`, the list of them. */
function pageObjects(bytes: Buffer): number {
  let pages = 0
  for (let at = bytes.indexOf('/Type'); at >= 0; at = bytes.indexOf('/Type', at + 5)) {
    if (/^\s*\/Page(?![a-z])/i.test(bytes.toString('latin1', at + 5, at + 16))) pages++
  }
  return pages
}
