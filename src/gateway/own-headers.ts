import type { Note } from '../protocol/protocol.ts'
import type { Settlement } from './settlement.ts'

/** Header values are kept short: a note says what was lost, not how. */
const NOTES_LENGTH = 2000
/** A client may name its model by a whole book. */
const UPSTREAM_LENGTH = 300

/** Adds what ccproxy says of an exchange by itself: where it went, what was lost, and how often it was tried. */
export function setOwnHeaders(headers: Headers, settlement: Settlement): void {
  const { route, notes, attempts } = settlement
  if (route !== undefined) {
    const { provider, model } = route
    const upstream = model === undefined ? provider.name : `${provider.name}/${model}`
    headers.set('x-ccproxy-upstream', headerText(upstream).slice(0, UPSTREAM_LENGTH))
  }
  if (notes.length > 0) setNotes(headers, notes)
  if (attempts > 1) headers.set('x-ccproxy-attempts', String(attempts))
}

/** Names what a translation lost. */
export function setNotes(headers: Headers, notes: readonly Note[]): void {
  headers.set('x-ccproxy-notes', headerText(notes.join('; ')).slice(0, NOTES_LENGTH))
}

function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?')
}
