/** One server-sent event: its name (empty where none was sent) and its data lines joined by `\n`. */
export interface SseFrame {
  readonly event: string
  readonly data: string
}

/**
 * Splits a byte stream into server-sent events, however the bytes are cut: UTF-8 across borders,
 * `\n`, `\r\n` or `\r` line ends, a BOM, comments, several `data:` lines, one optional space after the colon.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export class SseParser {
  readonly #decoder = new TextDecoder('utf-8')
  #rest = ''
  #event = ''
  #data: string | undefined

  /** The events that this chunk completed. */
  push(chunk: Uint8Array): SseFrame[] {
    return this.#take(this.#decoder.decode(chunk, { stream: true }), false)
  }

  /** The event that was left without its closing blank line, which some servers forget. */
  end(): SseFrame[] {
    const frames = this.#take(this.#decoder.decode(), true)
    if (this.#data !== undefined) this.#dispatch(frames)
    return frames
  }

  /** Whether bytes of an event were read whose end has not come. */
  get midEvent(): boolean {
    return this.#rest !== '' || this.#data !== undefined || this.#event !== ''
  }

  #take(text: string, last: boolean): SseFrame[] {
    const frames: SseFrame[] = []
    const buffer = this.#rest + text
    let start = 0
    let cr = buffer.indexOf('\r')
    while (start < buffer.length) {
      const lf = buffer.indexOf('\n', start)
      if (cr !== -1 && cr < start) cr = buffer.indexOf('\r', start)
      const end = cr !== -1 && (lf === -1 || cr < lf) ? cr : lf
      // A CR at the very end may be the first half of CRLF: wait for the next byte.
      if (end === -1 || (end === cr && cr === buffer.length - 1 && !last)) break
      this.#line(buffer, start, end, frames)
      start = end === cr && buffer.charCodeAt(end + 1) === 10 ? end + 2 : end + 1
    }
    this.#rest = start === 0 ? buffer : buffer.slice(start)
    if (last && this.#rest !== '') {
      this.#line(this.#rest, 0, this.#rest.length, frames)
      this.#rest = ''
    }
    return frames
  }

  #line(buffer: string, start: number, end: number, frames: SseFrame[]): void {
    if (start === end) {
      this.#dispatch(frames)
    } else if (buffer.startsWith('data:', start)) {
      const value = fieldValue(buffer, start + 5, end)
      this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`
    } else if (buffer.startsWith('event:', start)) {
      this.#event = fieldValue(buffer, start + 6, end)
    }
    // Comments, `id:`, `retry:` and unknown fields carry nothing for us.
  }

  #dispatch(frames: SseFrame[]): void {
    if (this.#data !== undefined) frames.push({ event: this.#event, data: this.#data })
    this.#event = ''
    this.#data = undefined
  }
}

function fieldValue(buffer: string, start: number, end: number): string {
  return buffer.slice(buffer.charCodeAt(start) === 32 ? start + 1 : start, end)
}
