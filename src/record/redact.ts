/** What a secret in a kept text becomes. */
const MASK = '***'

/**
 * Keys and tokens by the look that their makers gave them, longest prefixes first; each is masked wherever it stands.
 * What has no such look is masked where a field's name says what it is.
 */
const LOOKS: readonly RegExp[] = [
  /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g,
  /\bsk-[\w-]{16,}/g,
  /\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,})/g,
  /\bxox[a-z]-[\w-]{10,}/g,
  /\b(?:AKIA|ASIA|ABSK)[A-Za-z0-9+/=]{12,}/g,
  /\bAIza[\w-]{30,}/g,
  /\bya29\.[\w-]{20,}/g,
  /\b(?:npm_\w{30,}|hf_\w{20,}|xai-\w{20,}|gsk_\w{20,}|(?:sk|rk|pk)_(?:live|test)_\w{16,})/g,
  // All that follows is optional: what begins so and does not go on so must not be read again and again.
  /\beyJ[\w-]{8,}(?:\.[\w-]+){0,4}/g,
  /\b(?:Bearer|Basic)\s+[\w.~+/=-]{8,}/gi,
]

// Every repetition has an end, and none begins before the word: a text made for it must not take long to read.
const SECRET_NAME =
  '(?:api[_-]?key|access[_-]?key|secret|password|passwd|passphrase|credential|authorization|private[_-]?key|(?:auth|access|refresh|session|id|bearer)[_-]?token)[\\w.-]{0,40}'
/** `"api_key": "…"`, also within a text that holds JSON, where the quotes are escaped. */
const FIELD = new RegExp(
  `(${SECRET_NAME}\\\\{0,8}["']\\s{0,8}:\\s{0,8}\\\\{0,8}["'])[^"'\\\\]+`,
  'gi',
)
/** `API_KEY=…` as in environments and command lines. */
const SETTING = new RegExp(`(${SECRET_NAME}\\s{0,8}=\\s{0,8}\\\\{0,8}["']?)[^\\s"'\\\\&;,]+`, 'gi')
/** The password of an address. */
const ADDRESS = /(:\/\/[^\s:@/"\\]{0,64}:)[^\s:@/"\\]{1,128}(?=@)/g

/** A text with the secrets in it masked. */
export function redact(text: string): string {
  let clean = text
  for (const look of LOOKS) clean = clean.replace(look, MASK)
  for (const known of [FIELD, SETTING, ADDRESS]) clean = clean.replace(known, `$1${MASK}`)
  return clean
}
