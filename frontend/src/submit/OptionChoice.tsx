interface Props<Key extends string> {
  label: string;
  choices: Record<Key, string>;
  value: Key;
  onChoice: (key: Key) => void;
}

/** A labelled list of options of a registration. */
export function OptionChoice<Key extends string>({ label, choices, value, onChoice }: Props<Key>) {
  return (
    <label className="option-choice">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChoice(event.currentTarget.value as Key)}>
        {Object.entries<string>(choices).map(([key, words]) => (
          <option key={key} value={key}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}
