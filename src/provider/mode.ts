/** What a URL prefix lets ccproxy touch (interface.md 2). */
export type Mode = 'full' | 'minimal' | 'passthrough' | 'sdk'
