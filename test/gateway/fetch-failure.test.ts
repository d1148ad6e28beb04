import { expect, test } from 'bun:test'
import { fetchFailure, stoppedBy } from '../../src/gateway/fetch-failure.ts'
import { ProxyError } from '../../src/kit/error.ts'

const failure = (code: string, message = 'x') =>
  fetchFailure(Object.assign(new Error(message), { code }), 'gate')

test('What fetch cannot do is told in words that say what to do', () => {
  const words: Record<string, string> = {
    ConnectionRefused: 'connection refused: is it running, and is base_url right',
    ECONNREFUSED: 'connection refused: is it running, and is base_url right',
    ENOTFOUND: 'its name cannot be resolved: check base_url and the network',
    ConnectionClosed: 'it closed the connection before its answer was complete',
    ECONNRESET: 'it closed the connection before its answer was complete',
    EPROTO: 'the TLS handshake failed: check the scheme and the port of base_url',
    InvalidHTTPResponse: 'it does not speak proper HTTP: check the scheme and the port of base_url',
    DEPTH_ZERO_SELF_SIGNED_CERT:
      'its certificate is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT): set NODE_EXTRA_CA_CERTS if it is your own',
    UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      'its certificate is not trusted (UNABLE_TO_VERIFY_LEAF_SIGNATURE): set NODE_EXTRA_CA_CERTS if it is your own',
  }
  for (const [code, said] of Object.entries(words)) {
    const { kind, message } = failure(code)
    expect([kind, message]).toEqual([
      'upstream_unreachable',
      `Cannot reach upstream "gate": ${said}`,
    ])
  }
})

test('An address with a key in it is not told', () => {
  const told =
    'Too odd fetching "https://a.example/?key=secret". For more information, pass verbose'
  expect(failure('Odd', told).message).toBe('Cannot reach upstream "gate": Too odd')
  const other = 'Too odd. For more information, pass `verbose: true` to fetch("https://k:p@a")'
  expect(failure('Odd', other).message).toBe('Cannot reach upstream "gate": Too odd')
})

test('Bytes that do not fit their coding are the upstream’s nonsense, what has no code is ours', () => {
  for (const code of ['ZlibError', 'BrotliDecompressionError', 'ZstdDecompressionError']) {
    expect(failure(code).kind).toBe('upstream_protocol')
  }
  for (const error of [new Error('x'), 'x', undefined]) {
    expect(fetchFailure(error, 'gate').kind).toBe('internal')
  }
  const own = new ProxyError('upstream_timeout', 'Too slow')
  expect(fetchFailure(own, 'gate')).toBe(own)
})

test('Who stopped a call is told from who broke', () => {
  const running = new AbortController()
  expect(stoppedBy(running.signal)).toBeUndefined()
  running.abort()
  expect(stoppedBy(running.signal)?.kind).toBe('client_closed')
  const late = new ProxyError('upstream_timeout', 'Too slow')
  expect(stoppedBy(AbortSignal.abort(late))).toBe(late)
})
