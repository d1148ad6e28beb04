import { randomId } from '../kit/id.ts'

const SANE = /^[A-Za-z0-9._:-]{1,128}$/

/** The client's own request id where it is sane, else a fresh one: it goes into logs and headers. */
export function requestIdOf(headers: Headers): string {
  const sent = headers.get('x-request-id')
  return sent !== null && SANE.test(sent) ? sent : `req_${randomId()}`
}
