// Amounts as people type them, and as the API takes them: digits are moved as text, so nothing is rounded on the way.

/** "12.5" with two places → "1250". Digits beyond the places are left out; inputs allow none. */
export function toUnits(text: string, places: number): string {
  const [whole = '0', fraction = ''] = text.split('.')
  return BigInt(whole + fraction.slice(0, places).padEnd(places, '0')).toString()
}

/** "12500000" with six places → "12.5". */
export function fromUnits(units: string, places: number): string {
  const digits = units.padStart(places + 1, '0')
  const fraction = digits.slice(-places).replace(/0+$/, '')
  return fraction === '' ? digits.slice(0, -places) : `${digits.slice(0, -places)}.${fraction}`
}
