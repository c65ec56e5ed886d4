# shellcheck shell=bash disable=SC2154,SC2034 # shared with build.sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What a variant is made of, and its source: part of build.sh.

# ini_of PART: the ini file of a variant that is no combination.
ini_of() {
	case $1 in
	*/* | *.ini) printf '%s\n' "$1" ;;
	*) printf '%s\n' "$top/kernels/$1.ini" ;;
	esac
}

# split VARIANT: sets parts.
split() {
	if [[ -f $1 ]]; then
		parts=("$1")
	else
		IFS=+ read -ra parts <<<"$1"
	fi
}

# base_of INI: the variant it is based on, or nothing.
base_of() {
	local base

	base=$(ini_get base "$1")
	case $base in
	*/*) under_top "$base" ;;
	*) printf '%s\n' "$base" ;;
	esac
}

# collect VARIANT [INI...]: appends its ini files to layers, bases before what
# is based on them and each once. The INIs are those that led here.
collect() {
	local parts part ini base

	[[ -f $1 || $1 != +* && $1 != *+ && $1 != *++* ]] ||
		die "'$1' has a '+' with nothing on one side of it; a combination looks like 'taillock+noextra'."
	split "$1"
	shift
	for part in "${parts[@]}"; do
		ini=$(ini_of "$part")
		[[ -f $ini ]] || die "There is no variant '$part': $ini does not exist." \
			"'kernels/build.sh --list' names those there are."
		[[ $(basename "$ini" .ini) =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] ||
			die "The variant's name '$(basename "$ini" .ini)' has characters other than letters, digits, '.', '_' and '-'; rename $ini."
		! among "$ini" "$@" || die "$ini is based on itself; correct its line 'base = $(ini_get base "$ini")'."
		base=$(base_of "$ini")
		[[ -z $base ]] || collect "$base" "$@" "$ini"
		among "$ini" ${layers[@]+"${layers[@]}"} || layers+=("$ini")
	done
}

# image_of VARIANT: the name of the kernel it boots: its own, unless it only
# adds boot parameters to another's.
image_of() {
	local parts part ini name names=()

	split "$1"
	for part in "${parts[@]}"; do
		ini=$(ini_of "$part")
		if [[ -n $(ini_get source "$ini")$(ini_get patches "$ini")$(ini_get fragments "$ini") ]]; then
			name=$(basename "$ini" .ini)
		else
			name=$(base_of "$ini")
			[[ -z $name ]] || name=$(image_of "$name")
		fi
		[[ -z $name ]] || among "$name" ${names[@]+"${names[@]}"} || names+=("$name")
	done
	(
		IFS=+
		printf '%s\n' "${names[*]}"
	)
}

# name_of VARIANT: its parts' names, with '+' between.
name_of() {
	local parts part names=()

	split "$1"
	for part in "${parts[@]}"; do
		names+=("$(basename "$part" .ini)")
	done
	(
		IFS=+
		printf '%s\n' "${names[*]}"
	)
}

# read_layer INI: adds what it says to source_name, patches, fragments and boot.
read_layer() {
	local source p list words

	source=$(ini_get source "$1")
	if [[ -n $source ]]; then
		[[ -z $source_name || $source == "$source_name" ]] ||
			die "$1 is for the source $source, $source_ini for $source_name; they cannot be combined."
		source_name=$source
		source_ini=$1
	fi
	list=$(ini_get patches "$1")
	for p in $list; do
		p=$(under_top "$p")
		[[ -f $p ]] || die "$1 names $p, but there is no such file."
		among "$p" ${patches[@]+"${patches[@]}"} || patches+=("$p")
	done
	list=$(ini_get fragments "$1")
	for p in $list; do
		p=$(under_top "$p")
		[[ -f $p ]] || die "$1 names $p, but there is no such file."
		among "$p" ${fragments[@]+"${fragments[@]}"} || fragments+=("$p")
	done
	words=$(ini_get boot "$1")
	boot+="${boot:+${words:+ }}$words"
}

# read_variant VARIANT: sets variant (its name), image (that of the kernel it
# boots), source_name, patches, fragments and boot.
read_variant() {
	local ini

	layers=()
	collect "$1"
	variant=$(name_of "$1")
	image=$(image_of "$1")
	source_name=
	source_ini=
	patches=()
	fragments=()
	boot=
	for ini in "${layers[@]}"; do
		read_layer "$ini"
	done
	[[ -n $source_name ]] ||
		die "${layers[0]} names no source; add a line like 'source = linux-source-6.1' or 'base = stock'."
}

# --- sources -----------------------------------------------------------------

is_bzimage() {
	[[ -f $1 && $(tail -c +515 "$1" 2>/dev/null | head -c 4 | tr -d '\0') == HdrS ]]
}

git_in_source() {
	git -c safe.directory='*' -C "$source_path" "$@"
}

# What tells one state of an unpacked tree from another.
tree_id() {
	if [[ -e $source_path/.git ]] && git_in_source rev-parse HEAD 2>/dev/null; then
		GIT_OPTIONAL_LOCKS=0 git_in_source diff HEAD --binary --no-ext-diff --no-textconv | sha256sum
		(
			cd "$source_path" || exit
			git_in_source ls-files --others --exclude-standard -z | xargs -0r sha256sum --
		)
	else
		(
			cd "$source_path" || exit
			find . -path ./.git -prune -o ! -type d -printf '%p %s %T@\n' | sort | sha256sum
		)
	fi
}

# find_source: sets source_kind (package, tarball, tree or image), source_path
# and source_id.
find_source() {
	if [[ $source_name != */* ]]; then
		source_kind=package
		source_path=/usr/src/$source_name.tar.xz
		[[ -f $source_path ]] || die "Looked for the kernel source $source_path and did not find it." \
			"Install it with: apt-get install $source_name"
		source_id="$source_name $(dpkg-query -W -f '${Version}' "$source_name" 2>/dev/null)" ||
			source_id=$(sha256sum <"$source_path")
		return
	fi
	source_path=$(under_top "$source_name")
	if [[ -d $source_path ]]; then
		source_kind=tree
		grep -qs '^VERSION = ' "$source_path/Makefile" ||
			die "$source_ini names the source $source_path, but that directory is no kernel's (no Makefile with 'VERSION =')."
		source_id=$(tree_id) || die "Cannot read all of the source $source_path."
	elif is_bzimage "$source_path"; then
		source_kind=image
		source_id=$(sha256sum <"$source_path")
		((${#patches[@]} + ${#fragments[@]} == 0)) ||
			die "$source_path is a kernel that is built: no patch or fragment can be added to it, only boot parameters."
	elif [[ -f $source_path ]]; then
		source_kind=tarball
		source_id=$(sha256sum <"$source_path")
	else
		die "$source_ini names the source $source_path, but there is no such file."
	fi
}

need_tools() {
	local tool missing=()

	for tool in gcc ld make flex bison bc patch tar xz flock readelf setsid; do
		command -v "$tool" >/dev/null || missing+=("$tool")
	done
	if ((${#missing[@]})); then
		die "Building a kernel needs ${missing[*]}, which this machine does not have." \
			"Install: apt-get install build-essential flex bison bc libelf-dev patch xz-utils util-linux"
	fi
}
