// Links within the console: an address, drawn as text or as a button. A real anchor, so it can be opened in another tab.
import { useRouter } from '@tanstack/react-router'
import { Button, type ButtonProps } from 'antd'
import type { MouseEvent, ReactNode } from 'react'

function useGo(to: string): (event: MouseEvent) => void {
  const router = useRouter()
  return event => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return
    event.preventDefault()
    router.history.push(to)
  }
}

export function TextLink({ to, children, className }: { to: string; children: ReactNode; className?: string }) {
  return (
    <a href={to} onClick={useGo(to)} className={className}>
      {children}
    </a>
  )
}

export function LinkButton({ to, ...props }: { to: string } & Omit<ButtonProps, 'href' | 'onClick'>) {
  return <Button {...props} href={to} onClick={useGo(to)} />
}
