const HEAD_END = Buffer.from('\r\n\r\n')
const LINE_END = Buffer.from('\r\n')

/** Reads HTTP/1.1 requests off a socket, with a content-length or a chunked body, one after another. */
export class RequestReader {
  #buffered: Buffer[] = []
  #length = 0
  /** Bytes needed before another look is worth it; saves rescanning a 20 MB body at each read. */
  #needed = 0

  constructor(
    readonly onRequest: (body: Buffer) => void,
    readonly onProblem: (problem: string) => void,
  ) {}

  /** Takes the next bytes; the caller may reuse them afterwards. */
  push(bytes: Uint8Array): void {
    this.#buffered.push(Buffer.from(bytes))
    this.#length += bytes.length
    if (this.#length < this.#needed) return
    let rest = this.#buffered.length === 1 ? this.#buffered[0]! : Buffer.concat(this.#buffered)
    while (rest.length > 0) {
      const used = this.#take(rest)
      if (used === 0) break
      rest = rest.subarray(used)
    }
    this.#buffered = rest.length > 0 ? [rest] : []
    this.#length = rest.length
  }

  /** Takes one request off the front of `bytes`, and tells how many bytes that were; 0 when incomplete. */
  #take(bytes: Buffer): number {
    this.#needed = 0
    const headEnd = bytes.indexOf(HEAD_END)
    if (headEnd < 0) return 0
    const head = bytes.toString('latin1', 0, headEnd).toLowerCase()
    const start = headEnd + 4
    if (/\r\ntransfer-encoding: *chunked/.test(head)) return this.#takeChunked(bytes, start)
    const length = Number(/\r\ncontent-length: *(\d+)/.exec(head)?.[1] ?? 0)
    if (bytes.length < start + length) {
      this.#needed = start + length
      return 0
    }
    this.onRequest(bytes.subarray(start, start + length))
    return start + length
  }

  #takeChunked(bytes: Buffer, start: number): number {
    const parts: Buffer[] = []
    let at = start
    for (;;) {
      const lineEnd = bytes.indexOf(LINE_END, at)
      if (lineEnd < 0) return 0
      const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
      if (Number.isNaN(size)) {
        this.onProblem('The upstream got a chunked body with a bad chunk size')
        return 0
      }
      const end = lineEnd + 2 + size + 2
      if (bytes.length < end) {
        this.#needed = end
        return 0
      }
      if (size > 0) parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
      at = end
      if (size === 0) break
    }
    this.onRequest(Buffer.concat(parts))
    return at
  }
}
