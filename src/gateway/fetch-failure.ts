import { messageOf, ProxyError } from '../kit/error.ts'
import { ownValue } from '../kit/own-value.ts'

const NO_HTTP = 'it does not speak proper HTTP: check the scheme and the port of base_url'

/** What fetch's error codes mean to a person, and what to do. */
const MEANINGS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused: is it running, and is base_url right',
  ConnectionRefused: 'connection refused: is it running, and is base_url right',
  ENOTFOUND: 'its name cannot be resolved: check base_url and the network',
  EAI_AGAIN: 'its name cannot be resolved just now: check the network',
  ENETUNREACH: 'the network is unreachable',
  EHOSTUNREACH: 'its host is unreachable',
  ETIMEDOUT: 'the connection timed out',
  ECONNRESET: 'it closed the connection before its answer was complete',
  ConnectionClosed: 'it closed the connection before its answer was complete',
  EPROTO: 'the TLS handshake failed: check the scheme and the port of base_url',
  ResponseHeadersTooLarge: 'its response headers are too large',
  Malformed_HTTP_Response: NO_HTTP,
  InvalidHTTPResponse: NO_HTTP,
  InvalidContentLength: NO_HTTP,
  UnrequestedUpgrade: NO_HTTP,
  EPIPE: 'it closed the connection while the request was being sent',
}

/** The reason for which a call was stopped by us, where it was. */
export function stoppedBy(signal: AbortSignal): ProxyError | undefined {
  if (!signal.aborted) return undefined
  return signal.reason instanceof ProxyError
    ? signal.reason
    : new ProxyError('client_closed', 'Client closed the request')
}

/** An error of fetch as ours: an upstream that is not there, or that speaks nonsense. */
export function fetchFailure(error: unknown, provider: string): ProxyError {
  if (error instanceof ProxyError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  // fetch gives each of its errors a code: what has none went wrong in our own hands.
  if (code === '') {
    return new ProxyError('internal', 'Internal error while an upstream was read', { cause: error })
  }
  if (/zlib|brotli|zstd|decompress/i.test(code)) {
    const text = `Upstream "${provider}" answered with bytes that do not fit its content-encoding`
    return new ProxyError('upstream_protocol', text, { cause: error })
  }
  const meaning = ownValue(MEANINGS, code) ?? (isCertificate(code) ? certificate(code) : undefined)
  const text = `Cannot reach upstream "${provider}": ${meaning ?? withoutAddress(messageOf(error))}`
  return new ProxyError('upstream_unreachable', text, { cause: error })
}

/** What fetch says to programmers has the whole address in it, and a key where that has one. */
function withoutAddress(message: string): string {
  const end = message.search(/ fetching "|\. For more information, pass/)
  return end === -1 ? message : message.slice(0, end)
}

function isCertificate(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO|TLS|SSL/i.test(code)
}

function certificate(code: string): string {
  return `its certificate is not trusted (${code}): set NODE_EXTRA_CA_CERTS if it is your own`
}
