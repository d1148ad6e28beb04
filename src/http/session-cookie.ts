import type { Sessions } from '../auth/sessions.ts'

/** What an observer may read, and nothing that costs tokens. */
const READS = /^\/(?:logs\/.+|metrics|swagger\/json)$/
const STATUS = /^(?:\/(?:full|api|min|pt|sdk(?:\/[\w-]{8,64})?|to\/[^/]+))?(?:\/openai)?\/status$/
const PERMISSIONS = /^\/permissions(?:\/|$)/
const OWN_SITE: ReadonlySet<string> = new Set(['same-origin', 'none'])

/**
 * Who is signed in by cookie, for the paths that a cookie opens: the dashboard's data and the tool requests, never
 * models. Other ports of this machine are the same site to a browser, so that SameSite alone keeps no page out.
 */
export function signedIn(request: Request, path: string, sessions: Sessions, now: number) {
  const { headers, method } = request
  const token = readCookie(headers)
  if (token === undefined || !isFromOwnPage(headers)) return undefined
  const reads = method === 'GET' || method === 'HEAD'
  if (reads && (READS.test(path) || STATUS.test(path) || PERMISSIONS.test(path))) {
    return sessions.find(token, now)
  }
  const answers = method === 'POST' && PERMISSIONS.test(path) && headers.has('origin')
  return answers ? sessions.find(token, now) : undefined
}

/** The session's token, where the request carries one. */
export function readCookie(headers: Headers): string | undefined {
  const cookies = headers.get('cookie')
  if (cookies === null) return undefined
  const start = `${cookieName(headers)}=`
  const own = cookies.split(';').find((cookie) => cookie.trim().startsWith(start))
  return own?.trim().slice(start.length)
}

/** The header that has a browser keep a token, or forget it where there is none. */
export function setCookie(headers: Headers, token: string | undefined): string {
  // Over plain http, which loopback is, some browsers would not keep a Secure one.
  const secure = headers.get('origin')?.startsWith('https://') ? '; Secure' : ''
  const ends = token === undefined ? '; Max-Age=0' : ''
  return `${cookieName(headers)}=${token ?? ''}; HttpOnly; SameSite=Strict; Path=/${secure}${ends}`
}

/** Browsers send the cookies of one host to all its ports: each ccproxy there has its own. */
function cookieName(headers: Headers): string {
  const port = /:(\d+)$/.exec(headers.get('host') ?? '')?.[1]
  return port === undefined ? 'ccproxy_session' : `ccproxy_session_${port}`
}

function isFromOwnPage(headers: Headers): boolean {
  const origin = headers.get('origin')
  const host = headers.get('host')
  if (origin !== null && origin !== `http://${host}` && origin !== `https://${host}`) return false
  const site = headers.get('sec-fetch-site')
  return site === null || OWN_SITE.has(site)
}
