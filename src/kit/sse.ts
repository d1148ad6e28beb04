import { ProxyError } from './error.ts'

/** One server-sent event: its name (empty where none was sent) and its data lines joined by `\n`. */
export interface SseFrame {
  readonly event: string
  readonly data: string
}

/** More than any event holds: one that goes on would take all the memory there is. */
const MOST_CHARACTERS = 64 * 1024 * 1024
const STREAMING = { stream: true }
const DATA = 'data: '
const LF = 10

/**
 * Splits a byte stream into server-sent events, however the bytes are cut: UTF-8 across borders,
 * `\n`, `\r\n` or `\r` line ends, a BOM, comments, several `data:` lines, one optional space after the colon.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export class SseParser {
  readonly #decoder = new TextDecoder('utf-8')
  /** What has no line end yet. */
  #rest = ''
  /** The rest ends in a CR, which may be the first half of CRLF. */
  #heldCr = false
  #event = ''
  #data: string | undefined
  /** The last name of an event, and how an event of that name begins. */
  #name = ''
  #opening = ''

  /** The events that this chunk completed; throws `upstream_protocol` at one that goes on for too long. */
  push(chunk: Uint8Array): SseFrame[] {
    const frames = this.#take(this.#decoder.decode(chunk, STREAMING), false)
    if (this.#rest.length + (this.#data?.length ?? 0) > MOST_CHARACTERS) throw tooLong()
    return frames
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
    const plain = !this.#heldCr && !text.includes('\r')
    if (plain && !last && !text.includes('\n')) {
      // Not searched again: a line in many chunks would cost the square of their number.
      this.#rest += text
      return frames
    }
    const searched = this.#rest.length
    const buffer = searched === 0 ? text : this.#rest + text
    const start = plain
      ? this.#linesByLf(buffer, searched, frames)
      : this.#lines(buffer, last, frames)
    this.#rest = start === 0 ? buffer : buffer.slice(start)
    this.#heldCr = !plain && this.#rest.endsWith('\r')
    if (last && this.#rest !== '') {
      this.#line(this.#rest, 0, this.#rest.length, frames)
      this.#rest = ''
    }
    return frames
  }

  /** The lines of a buffer, whatever ends them; tells where the rest begins. */
  #lines(buffer: string, last: boolean, frames: SseFrame[]): number {
    let start = 0
    let cr = buffer.indexOf('\r')
    while (start < buffer.length) {
      const lf = buffer.indexOf('\n', start)
      if (cr !== -1 && cr < start) cr = buffer.indexOf('\r', start)
      const end = cr !== -1 && (lf === -1 || cr < lf) ? cr : lf
      // A CR at the very end may be the first half of CRLF: wait for the next byte.
      if (end === -1 || (end === cr && cr === buffer.length - 1 && !last)) break
      this.#line(buffer, start, end, frames)
      start = end === cr && buffer.charCodeAt(end + 1) === LF ? end + 2 : end + 1
    }
    return start
  }

  /** The same for a buffer without any CR, of which the first `searched` characters have no line end. */
  #linesByLf(buffer: string, searched: number, frames: SseFrame[]): number {
    let start = 0
    let from = searched
    for (;;) {
      if (from === start) {
        start = this.#events(buffer, start, frames)
        from = start
      }
      const end = buffer.indexOf('\n', from)
      if (end === -1) return start
      this.#line(buffer, start, end, frames)
      start = end + 1
      from = start
    }
  }

  /** Takes events that are one data line, under the name that was last seen or under none, as long as they follow. */
  #events(buffer: string, from: number, frames: SseFrame[]): number {
    let start = from
    if (this.#data !== undefined || this.#event !== '') return start
    for (;;) {
      const named = this.#name !== '' && buffer.startsWith(this.#opening, start)
      if (!named && !buffer.startsWith(DATA, start)) return start
      const value = start + (named ? this.#opening.length : DATA.length)
      const end = buffer.indexOf('\n', value)
      if (end === -1 || buffer.charCodeAt(end + 1) !== LF) return start
      frames.push({ event: named ? this.#name : '', data: buffer.slice(value, end) })
      start = end + 2
    }
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
    if (this.#data !== undefined) {
      frames.push({ event: this.#event, data: this.#data })
      if (this.#event !== '' && this.#event !== this.#name) {
        this.#name = this.#event
        this.#opening = `event: ${this.#name}\n${DATA}`
      }
    }
    this.#event = ''
    this.#data = undefined
  }
}

function tooLong(): ProxyError {
  const text = `Upstream sent an event of more than ${MOST_CHARACTERS / 1024 / 1024} MiB: check base_url`
  return new ProxyError('upstream_protocol', text)
}

function fieldValue(buffer: string, start: number, end: number): string {
  return buffer.slice(buffer.charCodeAt(start) === 32 ? start + 1 : start, end)
}
