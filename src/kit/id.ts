const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789')
// 248 is the largest multiple of 62 in a byte: bytes above it are passed over, so that no letter is favoured.
const FAIR = 248
const POOL_BYTES = 4096

const pool = new Uint8Array(POOL_BYTES)
let used = POOL_BYTES

/** A random id of [A-Za-z0-9], `length` characters (24 carry 142 bits). */
export function randomId(length = 24): string {
  const id = Buffer.allocUnsafe(length)
  let at = 0
  while (at < length) {
    if (used === POOL_BYTES) {
      crypto.getRandomValues(pool)
      used = 0
    }
    const byte = pool[used++]!
    if (byte < FAIR) id[at++] = ALPHABET[byte % 62]!
  }
  return id.toString('latin1')
}
