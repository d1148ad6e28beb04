import { shortHash } from '../messages/tool-names.ts'

const LIMIT = 64

/**
 * A tool call's id that both families accept: [A-Za-z0-9_-], at most 64 characters, the same for the same
 * input, so that a call and its output keep meeting. A legal id stays as it is.
 */
export function legalCallId(id: string): string {
  const legal = id.replace(/[^A-Za-z0-9_-]/g, '_')
  return legal.length <= LIMIT ? legal : shorten(legal, id, LIMIT)
}

/** Cuts a name to a length; a digest of the whole keeps names apart that differ only behind the cut. */
export function shorten(legal: string, whole: string, limit: number): string {
  const digest = shortHash(whole, 10)
  return `${legal.slice(0, limit - digest.length - 1)}_${digest}`
}
