/** Opens a page in the user's browser; says whether that seems to have worked. */
export async function openPage(url: string): Promise<boolean> {
  const { default: open } = await import('open')
  try {
    const browser = await open(url)
    // A missing program shows late; the address is printed anyway.
    browser.on('error', () => undefined)
    return true
  } catch {
    return false // The caller tells the user to open it by hand.
  }
}
