import { byId } from './dom.ts'

const KEY = 'ccproxy-theme'
const dark = matchMedia('(prefers-color-scheme: dark)')

/** The button that switches between dark and light; until it is used the system's choice holds. */
export function startTheme(changed: () => void): void {
  const button = byId('theme', HTMLButtonElement)
  const isDark = () => {
    const chosen = document.documentElement.dataset.theme
    return chosen === undefined ? dark.matches : chosen === 'dark'
  }
  const label = () => {
    const text = `Switch to ${isDark() ? 'light' : 'dark'} colours`
    button.setAttribute('aria-label', text)
    button.title = text
  }
  const kept = localStorage.getItem(KEY)
  if (kept === 'dark' || kept === 'light') document.documentElement.dataset.theme = kept
  label()
  button.addEventListener('click', () => {
    const theme = isDark() ? 'light' : 'dark'
    document.documentElement.dataset.theme = theme
    localStorage.setItem(KEY, theme)
    label()
    changed()
  })
  dark.addEventListener('change', () => {
    label()
    changed()
  })
}
