/** The path of the page's script; it is served, never run here. */
declare const path: string
export = path
