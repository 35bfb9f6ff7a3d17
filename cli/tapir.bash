# Completion of tapir(1) for bash: commands, options, file names, and functions inside an expression.

_tapir()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    COMPREPLY=()

    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "explain ops --help --version" -- "$word"))
        return
    fi
    if [ "${COMP_WORDS[1]}" = ops ] && [ "$COMP_CWORD" -eq 2 ]; then
        COMPREPLY=($(compgen -W "--names" -- "$word"))
        return
    fi
    [ "${COMP_WORDS[1]}" = explain ] || return

    # --svg=FILE comes as three words where = breaks words, and as one where it does not
    local value=$word option=$before prefix=
    if [ "$word" = = ]; then
        value=
    elif [ "$before" = = ] && [ "$COMP_CWORD" -gt 2 ]; then
        option=${COMP_WORDS[COMP_CWORD-2]}
    elif [[ $word == --*=* ]]; then
        option=${word%%=*} value=${word#*=} prefix=${word%%=*}=
    fi
    case $option in
    --svg | --dot)
        local IFS=$'\n'
        compopt -o filenames 2>/dev/null
        COMPREPLY=($(compgen -P "$prefix" -f -- "$value"))
        return
        ;;
    --color | --colour)
        COMPREPLY=($(compgen -P "$prefix" -W "auto always never" -- "$value"))
        return
        ;;
    --latex)
        if [ "$value" != "$word" ] || [ "$before" = = ] || [ -n "$prefix" ]; then
            COMPREPLY=($(compgen -P "$prefix" -W "document" -- "$value"))
            return
        fi
        ;;
    --digits)
        COMPREPLY=($(compgen -P "$prefix" -W "3 5 7 9 17" -- "$value"))
        return
        ;;
    esac

    case $word in
    --*)
        compopt -o nospace 2>/dev/null
        COMPREPLY=($(compgen -W "--svg= --dot= --digits= --color= --latex --latex=document --json --no-check --quiet --help" -- "$word"))
        [[ ${COMPREPLY[0]} == *= && ${#COMPREPLY[@]} -eq 1 ]] || compopt +o nospace 2>/dev/null
        ;;
    *)
        # the name that the cursor stands behind, after what is before it in the word; a quote that is open stays
        word=${word#[\"\']}
        local name=${word##*[!A-Za-z0-9_]}
        [ -n "$name" ] || return
        compopt -o nospace 2>/dev/null
        COMPREPLY=($(compgen -P "${word%"$name"}" -S "(" -W "$(tapir ops --names 2>/dev/null)" -- "$name"))
        ;;
    esac
}

complete -F _tapir tapir
