/** What routes are made with that `/swagger` does not show, and whose body nobody reads before them. */
export const HIDDEN = { parse: 'none', detail: { hide: true } } as const
