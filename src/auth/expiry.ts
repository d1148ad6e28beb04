/** How long until something ends, in words: "expires in 3 h", "expired". */
export function expiryInWords(milliseconds: number): string {
  if (milliseconds <= 0) return 'expired'
  const minutes = Math.floor(milliseconds / 60_000)
  if (minutes < 120) return `expires in ${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `expires in ${hours} h` : `expires in ${Math.floor(hours / 24)} d`
}
