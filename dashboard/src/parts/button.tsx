// The one button, as a button or as a link that looks like one.
import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";

export type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & {
  readonly kind?: "normal" | "primary" | "plain";
  readonly small?: boolean;
  /** Only an icon: `label` is its name. */
  readonly label?: string;
  readonly ref?: Ref<HTMLButtonElement>;
  readonly children?: ReactNode;
};

export function Button({ kind = "normal", small = false, label, children, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className="button"
      data-kind={kind}
      data-small={small ? "" : undefined}
      data-icon={label === undefined ? undefined : ""}
      aria-label={label ?? rest["aria-label"]}
      title={rest.title ?? label}
    >
      {children}
    </button>
  );
}
