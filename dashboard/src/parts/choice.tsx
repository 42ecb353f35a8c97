// One of a few, side by side.
import type { ReactNode } from "react";

export type ChoiceOption<T extends string> = { readonly value: T; readonly label: string; readonly icon?: ReactNode };

export function Choice<T extends string>({
  label,
  options,
  value,
  onChoose,
}: {
  readonly label: string;
  readonly options: readonly ChoiceOption<T>[];
  readonly value: T;
  readonly onChoose: (value: T) => void;
}) {
  return (
    <div className="choice" role="group" aria-label={label}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          aria-label={option.icon === undefined ? undefined : option.label}
          title={option.icon === undefined ? undefined : option.label}
          onClick={() => onChoose(option.value)}
        >
          {option.icon ?? option.label}
        </button>
      ))}
    </div>
  );
}
