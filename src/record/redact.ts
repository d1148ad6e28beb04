/** What a secret in a kept text becomes. */
export const MASK = '***'

/**
 * Keys and tokens by the look that their makers gave them, longest prefixes first; each is masked wherever it stands.
 * What has no such look is masked where a field's name says what it is.
 */
const LOOKS: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /\bsk-[\w-]{16,}/g,
  /\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,})/g,
  /\bxox[a-z]-[\w-]{10,}/g,
  /\b(?:AKIA|ASIA|ABSK)[A-Za-z0-9+/=]{12,}/g,
  /\bAIza[\w-]{30,}/g,
  /\bya29\.[\w-]{20,}/g,
  /\b(?:npm_\w{30,}|hf_\w{20,}|xai-\w{20,}|gsk_\w{20,}|(?:sk|rk|pk)_(?:live|test)_\w{16,})/g,
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
  /\b(?:Bearer|Basic)\s+[\w.~+/=-]{8,}/gi,
  /(?<=:\/\/[^\s:@/"\\]{0,64}:)[^\s:@/"\\]{1,128}(?=@)/g,
]

const SECRET_NAME =
  '[\\w.-]*(?:api[_-]?key|access[_-]?key|secret|password|passwd|passphrase|credential|authorization|private[_-]?key|(?:auth|access|refresh|session|id|bearer)[_-]?token)[\\w.-]*'
/** `"api_key": "…"`, also within a text that holds JSON, where the quotes are escaped. */
const FIELD = new RegExp(
  `((?:\\\\*["'])${SECRET_NAME}(?:\\\\*["'])\\s*:\\s*\\\\*["'])[^"'\\\\]+`,
  'gi',
)
/** `API_KEY=…` as in environments and command lines. */
const SETTING = new RegExp(`(\\b${SECRET_NAME}\\s*=\\s*\\\\*["']?)[^\\s"'\\\\&;,]+`, 'gi')

/** A text with the secrets in it masked. */
export function redact(text: string): string {
  let clean = text
  for (const look of LOOKS) clean = clean.replace(look, MASK)
  return clean.replace(FIELD, `$1${MASK}`).replace(SETTING, `$1${MASK}`)
}
