// A button that opens a menu. Closed by Escape or by a choice, the menu gives the focus back to its button: Ant Design means
// to, but takes its listener away before it is called. Where a click has put the focus elsewhere, it stays there.
import { Button, type ButtonProps, Dropdown, type MenuProps } from 'antd'
import { useRef } from 'react'

export function MenuButton({ menu, ...button }: ButtonProps & { menu: MenuProps }) {
  const own = useRef<HTMLButtonElement>(null)
  const giveBack = () => {
    const { activeElement } = document
    if (activeElement === document.body || activeElement?.closest('[role=menu]')) own.current?.focus()
  }
  return (
    <Dropdown autoFocus trigger={['click']} menu={menu} onOpenChange={open => open || giveBack()}>
      <Button {...button} ref={own} />
    </Dropdown>
  )
}
