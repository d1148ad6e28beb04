import { sha256Hex } from '../../kit/sha256.ts'

const MARK = 'ccproxy-demo'

/** Signs a thinking text, so that one that comes back altered is refused as the real API does. */
export function signThinking(id: string, text: string): string {
  return Buffer.from(`${MARK}.${id}.${digest(id, text)}`).toString('base64')
}

/** Whether the signature is this upstream's own, made for exactly this text. */
export function isSigned(signature: string, text: string): boolean {
  const [mark, id, sum] = Buffer.from(signature, 'base64').toString('utf8').split('.')
  return mark === MARK && id !== undefined && sum === digest(id, text)
}

function digest(id: string, text: string): string {
  return sha256Hex(`${id}\0${text}`)
}
