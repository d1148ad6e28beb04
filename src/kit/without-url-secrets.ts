/** A text with the passwords and keys in its addresses masked: `https://me:***@host/v1?key=***`. */
export function withoutUrlSecrets(text: string): string {
  return text
    .replaceAll(/(:\/\/[^/@\s:]*):[^/@\s]+@/g, '$1:***@')
    .replaceAll(/([?&][\w-]{0,40}(?:key|token|secret|password|sig|signature)=)[^&#\s"]+/gi, '$1***')
}
