/** What a URL prefix lets ccproxy touch (interface.md 2). */
export type Mode = 'full' | 'minimal' | 'passthrough' | 'sdk'

/** Whether a mode maps model names and fits the body to its upstream; `/min` and `/pt` never do. */
export function mayMap(mode: Mode): boolean {
  return mode === 'full' || mode === 'sdk'
}
