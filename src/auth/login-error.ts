import { ProxyError } from '../kit/error.ts'

/** What to do about most troubles of a plan login. */
export const LOGIN_AGAIN = 'run "ccproxy auth login"'

/** A login that is missing, has ended or may not be used. */
export function denied(message: string): ProxyError {
  return new ProxyError('authentication', message)
}

/** The server will never take this refresh token again. */
export function refreshRefused(): ProxyError {
  return denied(`The plan login is no longer valid (its refresh token was refused): ${LOGIN_AGAIN}`)
}

/** The token endpoint asked to wait; clients are told how long. */
export function refreshLimited(milliseconds: number): ProxyError {
  const seconds = Math.max(1, Math.ceil(milliseconds / 1000))
  return new ProxyError(
    'rate_limit',
    `Cannot refresh the plan login: the token endpoint asked to wait; try again in ${seconds} s`,
    { headers: { 'retry-after': String(seconds) } },
  )
}
